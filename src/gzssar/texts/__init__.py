"""② From class texts to one feature vector per class."""
