"""What is secret, decided in one place: by its name, by its form, by its value.

:class:`.redacting.Redactor` is what shows without secrets; JSON, texts, forms, URLs and header
fields are only ways in. Nothing here is loaded before there is something to hide.
"""
