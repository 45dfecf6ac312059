"""The SQLite file: schema, migrations, the writer, the reader, and what erasing takes."""
