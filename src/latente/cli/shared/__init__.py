"""What several verbs share: options and their readers, models, images, outputs, and what is printed."""
