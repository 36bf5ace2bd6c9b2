"""Pure decisions of the registrar: values in, values out."""
