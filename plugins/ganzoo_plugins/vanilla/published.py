"""The results of the experiment's paper, and where they are inconsistent. Imports no torch.

Bagrodia, "Image-to-Image Translation using GANs": despite its title, a GAN of two perceptrons on Fashion-MNIST.
"""

from __future__ import annotations

PICTURES = 10_000  # test images, and as many generated ones
MINUTES = 65
SCORES = {"accuracy": 0.48735, "precision": 0.4936, "recall": 0.9694, "f1": 0.6541}
LOSS = 1.0566

# With 10,000 of each, accuracy 0.48735 is 9,747 right of 20,000, and recall 0.9694 is 9,694 of them: 53 are left.
# These 53 give back precision 9694 / (9694 + 9947) = 0.4936 and F1 0.6541, so that all four figures agree. 75 of
# them, the 0.75 % that is quoted elsewhere, would make the accuracy 0.48845 and the precision 0.4941.
SPECIFICITY = 0.0053

REMARKS = (
    'The "discriminator loss of 0.48" in the paper\'s text is the accuracy in its own output, whose loss is 1.0566.',
    "The paper does not say which mean its loss is. Printed next to an accuracy, as one evaluation of 20,000 images "
    "prints them, it is most plausibly the mean over all of them, and it is compared with that here; the sum of both "
    "halves, which training minimizes, is exactly twice as much.",
    "The paper scales images to [0, 1] under a generator that ends in tanh, half of whose range no real image "
    "then has. Here both are in [-1, 1].",
    "Its accuracy, precision, recall and F1 agree with one another, and mean that 53 of 10,000 fakes (0.53 %) were "
    "recognized.",
    "A recall of 0.97 with that means a discriminator that calls nearly everything real: fooled, or read without a "
    "meaningful threshold, but not good. An accuracy near 0.5 is where a GAN that succeeds ends up.",
)
