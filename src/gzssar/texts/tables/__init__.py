"""Tables of class texts in files: CSV, TSV, JSON, YAML."""
