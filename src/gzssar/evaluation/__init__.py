"""⑤ The judge: numpy only. Labels and predictions in, numbers and pictures out; it never sees a model."""
