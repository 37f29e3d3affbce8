"""SpikeSEG on Brian2: spiking, unsupervised semantic segmentation.

Data flow one way: ``datasets -> runners(models(equations)) -> spikes on disk -> analysis``.
"""

from .version import __version__

__all__ = ["__version__"]
