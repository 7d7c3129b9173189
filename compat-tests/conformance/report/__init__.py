"""What came of a run: results in numbers, as JSON, as one HTML page."""
