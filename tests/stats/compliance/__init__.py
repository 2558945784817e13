"""Spoken is not served: who heard which words, and what they did to them. Never: a verdict, which is ITT's."""
