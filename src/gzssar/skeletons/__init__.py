"""① From skeleton clips to one feature vector per clip."""
