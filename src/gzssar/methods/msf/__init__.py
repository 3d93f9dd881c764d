"""③ One latent space for skeletons and texts: the cross-modal VAE."""
