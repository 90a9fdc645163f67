"""The training loop: steps, devices, precision, checkpoints and logs; it knows nothing about GANs."""
