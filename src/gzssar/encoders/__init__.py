"""① Skeleton encoders: from prepared clips to one feature vector each."""
