"""The tab that opens an evaluation folder: from the confusion matrix to the heat-maps of one error."""
