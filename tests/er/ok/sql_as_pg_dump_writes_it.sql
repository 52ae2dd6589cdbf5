--
-- PostgreSQL database dump
--
\restrict abc

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;

CREATE FUNCTION public.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  NEW.updated_at = now();
  RETURN NEW;
END;
$$;

CREATE TABLE public.users (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    "displayName" character varying(100) NOT NULL,
    tags text[],
    balance numeric(10,2) DEFAULT 0.00,
    status character varying DEFAULT 'active'::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT now()
);

ALTER TABLE public.users OWNER TO postgres;

COMMENT ON COLUMN public.users.status IS 'active or not';

CREATE TABLE public.sessions (
    id bigint NOT NULL,
    user_id uuid
);

CREATE SEQUENCE public.sessions_id_seq START WITH 1;
ALTER TABLE ONLY public.sessions ALTER COLUMN id SET DEFAULT nextval('public.sessions_id_seq'::regclass);

COPY public.users (id, "displayName") FROM stdin;
1	O'Brien; "the" first
\.

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_name_key UNIQUE ("displayName");
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

CREATE TRIGGER touch_users BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.touch();

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.users USING (id = current_setting('app.user')::uuid);
