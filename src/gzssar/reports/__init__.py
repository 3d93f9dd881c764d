"""What a reader sees of an experiment: tables, pictures, pages."""
