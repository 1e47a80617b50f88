CREATE TABLE file_passages (
    organization_id uuid NOT NULL
        DEFAULT nullif(current_setting('app.organization_id', true), '')::uuid,
    file_id uuid NOT NULL,
    position integer NOT NULL,
    page integer,
    sheet text,
    text text NOT NULL,
    search tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('english', text)) STORED,
    CONSTRAINT pk_file_passages PRIMARY KEY (organization_id, file_id, position),
    CONSTRAINT fk_file_passages_organization_id_file_id FOREIGN KEY (organization_id, file_id)
        REFERENCES files (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX ix_file_passages_search ON file_passages USING gin (search);

-- Bound to the organization by its own words, as search_tickets is, and for the same reason.
-- A word's weight is its inverse document frequency among the passages of these files, as in
-- BM25; ts_rank with 1 lets repetitions count less and less, and long passages count less. The
-- score is the weight of a question's words that a passage has, by that of all of them.
-- A question is cut: nobody asks in more words, and a log that somebody pasted would take long.

CREATE FUNCTION search_passages(question text, files uuid[], most integer)
RETURNS TABLE (file_id uuid, "position" integer, score double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 10
AS $$
    WITH asked AS MATERIALIZED (
        SELECT ('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''')::tsquery AS word
        FROM unnest(to_tsvector('english', left(question, 4000))) AS of_question
        -- Words that ask and name no matter; what they stand for is seldom in an answer.
        WHERE lexeme <> ALL (
            '{get,happen,know,long,mani,mean,much,need,pleas,possibl,take,tell,want,
            hur,vad,när,varför,vilka,vilken,vilket,får,kan,ska,måste,finns,gäller,
            wie,wann,wo,warum,wer,kann,muss,darf,gibt,
            quand,pourquoi,combien,quel,quell,où,faut,
            cómo,cuándo,qué,dónde,cuánto,puedo,hay,
            hoe,wat,wanneer,waarom,moet}'
        )
        ORDER BY positions[1], lexeme LIMIT 32
    ), searched AS MATERIALIZED (
        SELECT count(*)::double precision AS passages FROM public.file_passages AS p
        WHERE p.organization_id = nullif(current_setting('app.organization_id', true), '')::uuid
            AND p.file_id = ANY (files)
    ), matched AS MATERIALIZED (
        SELECT p.file_id, p.position, p.search FROM public.file_passages AS p
        WHERE p.organization_id = nullif(current_setting('app.organization_id', true), '')::uuid
            AND p.file_id = ANY (files)
            AND p.search @@ (SELECT string_agg(word::text, ' | ')::tsquery FROM asked)
    ), hits AS MATERIALIZED (
        SELECT m.file_id, m.position, word, ts_rank(m.search, word, 1) AS strength
        FROM matched AS m JOIN asked ON m.search @@ word
    ), having_word AS MATERIALIZED (
        SELECT word, count(*) AS passages FROM hits GROUP BY word
    ), weights AS MATERIALIZED (
        SELECT word, ln(1 + (s.passages - coalesce(h.passages, 0) + 0.5)
            / (coalesce(h.passages, 0) + 0.5)) AS weight
        FROM asked CROSS JOIN searched AS s LEFT JOIN having_word AS h USING (word)
    )
    SELECT h.file_id, h.position, sum(weight) / (SELECT sum(weight) FROM weights)
    FROM hits AS h JOIN weights USING (word)
    GROUP BY h.file_id, h.position
    ORDER BY sum(weight * strength) DESC, h.file_id, h.position
    LIMIT most
$$;
