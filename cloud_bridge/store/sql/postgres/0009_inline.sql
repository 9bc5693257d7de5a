-- A chunk is compressed already: trying it again, and then cutting it up into a table of its own,
-- was most of what storing one cost. Rows stay whole as long as they fit a page.
ALTER TABLE chunk ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE chunk SET (toast_tuple_target = 8160);
