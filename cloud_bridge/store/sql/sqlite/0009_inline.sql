-- SQLite keeps a row as it is; the number of steps is the same in every database.
SELECT 1;
