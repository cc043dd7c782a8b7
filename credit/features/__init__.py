"""Raw application to feature vector: one fitted transform for one row and for a table."""

from credit.features.transform import FeatureTransform

__all__ = ["FeatureTransform"]
