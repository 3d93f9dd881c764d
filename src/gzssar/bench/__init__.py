"""Many class splits, many methods, one table: paired differences over splits, and what every ± covers."""
