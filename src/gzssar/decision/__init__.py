"""④ From latents to labels: seen classifier, unseen classifier, gate."""
