"""Publishing by hand, guarded: build, check, upload and verify run the standard tools and refuse what would be regretted."""
