"""The structure itself is tested: layers, fences, settings, migrations, catalogues, jobs, guards."""
