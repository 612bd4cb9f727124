"""What a citizen's look-up needs of the database: an index that folds codes as it does.

The index folds codes the way `tracking_codes.fold` folds what was typed, so that case, dashes,
O/0 and I/1 cost no table scan.
"""

from django.db import migrations

# Written out, not imported: a migration must not change when tracking_codes does. The test
# `test_the_look_up_reads_indexes_alone` compares the two.
SEPARATORS = " .-_/\N{EN DASH}\N{EM DASH}\N{NO-BREAK SPACE}"

INDEX = f"""
CREATE INDEX dossier_by_folded_code ON dossiers_dossier
((translate(upper(code), 'OIL{SEPARATORS}', '011')) COLLATE "C")
"""

class Migration(migrations.Migration):
    dependencies = [("dossiers", "0001_start")]

    operations = [
        migrations.RunSQL(INDEX, "DROP INDEX dossier_by_folded_code"),
    ]
