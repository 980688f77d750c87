"""The options of the estimators, one file a family: light, so that help loads neither torch nor scikit-learn."""
