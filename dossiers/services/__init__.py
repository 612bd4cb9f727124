"""One function per act, split by phase: intake, processing, closing. Nothing else acts."""
