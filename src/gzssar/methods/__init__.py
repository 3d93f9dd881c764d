"""③ Zero-shot methods behind one seam."""
