"""What a citizen's look-up needs of the database: an index and a counter of wrong tries.

The index folds codes the way `tracking_codes.fold` folds what was typed, so that case, dashes,
O/0 and I/1 cost no table scan. The function counts and records in one statement under a lock, so
that a burst of parallel guesses cannot squeeze in one more than the limit (design.md 4.2).
"""

from django.db import migrations

# Written out, not imported: a migration must not change when tracking_codes does. The test
# `test_the_index_folds_as_the_look_up_does` compares the two.
SEPARATORS = " .-_/\N{EN DASH}\N{EM DASH}\N{NO-BREAK SPACE}"

INDEX = f"""
CREATE INDEX dossier_by_folded_code ON dossiers_dossier
((translate(upper(code), 'OIL{SEPARATORS}', '011')) COLLATE "C")
"""

TRY = """
CREATE FUNCTION tracking_try(
    subject_code bytea, subject_network bytea, is_wrong boolean,
    per_code integer, per_network integer, seconds double precision
) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    span interval := make_interval(secs => seconds);
    moment timestamptz;
    deciding timestamptz;
BEGIN
    -- Always the network before the code, so that two tries cannot wait for each other. Under READ
    -- COMMITTED the statements below see what the try before this one committed.
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(subject_network, 'hex'), 11));
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(subject_code, 'hex'), 11));
    moment := clock_timestamp();
    -- The limit-th newest wrong try within the span blocks until it has left the span.
    SELECT max(at) INTO deciding FROM (
        (SELECT at FROM dossiers_trackingattempt
         WHERE subject = subject_code AND at > moment - span
         ORDER BY at DESC OFFSET per_code - 1 LIMIT 1)
        UNION ALL
        (SELECT at FROM dossiers_trackingattempt
         WHERE subject = subject_network AND at > moment - span
         ORDER BY at DESC OFFSET per_network - 1 LIMIT 1)
    ) AS newest;
    IF deciding IS NOT NULL THEN
        RETURN greatest(1, ceil(extract(epoch FROM deciding + span - moment)))::integer;
    END IF;
    IF is_wrong THEN
        -- Losing the last moments of counting in a crash of the server is no harm; waiting for the
        -- disk under the lock would let a burst of guesses stop everybody else.
        PERFORM set_config('synchronous_commit', 'off', true);
        INSERT INTO dossiers_trackingattempt (subject, at)
        VALUES (subject_code, moment), (subject_network, moment);
    END IF;
    RETURN 0;
END
$$
"""

DROP_TRY = "DROP FUNCTION tracking_try(bytea, bytea, boolean, integer, integer, double precision)"


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0001_start")]

    operations = [
        migrations.RunSQL(INDEX, "DROP INDEX dossier_by_folded_code"),
        migrations.RunSQL(TRY, DROP_TRY),
    ]
