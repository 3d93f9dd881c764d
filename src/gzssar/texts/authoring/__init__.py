"""Help for people who write class texts: templates, checks, drafts by a language model."""
