"""The design studio: a plan written on one page, from a template to its submission.

What is typed comes back as it was typed, with every problem beside its field; nothing here decides whether a plan keeps
the rules, and nothing is kept before somebody asks for it.
"""
