"""Data sets: a reader each, batches that live on the device, and augmentation."""
