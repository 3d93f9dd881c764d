"""From recordings to rows of answers: files, folders, streams, long recordings."""
