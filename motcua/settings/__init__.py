"""Settings: base holds everything true everywhere; dev, prod and test hold the differences."""
