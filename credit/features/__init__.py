"""Raw application to feature vector: one fitted transform for one row and for a table."""

from credit.features.spec import FeatureSpec
from credit.features.transform import FeatureTransform

__all__ = ["FeatureSpec", "FeatureTransform"]
