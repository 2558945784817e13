"""What finished tests say together of each variable of the script. Never: a verdict on one test."""
