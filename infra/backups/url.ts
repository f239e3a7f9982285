/** A connection as libpq's programs take it from their environment, never from their arguments. */
export function libpqOf(url: string): {
  env: Record<string, string>;
  secrets: readonly string[];
} {
  const parsed = new URL(url);
  const { hostname, port, username, password, pathname, searchParams } = parsed;
  const plain = decodeURIComponent(password);
  const given = {
    PGHOST: searchParams.get('host') ?? hostname,
    PGPORT: port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: plain,
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    PGSSLMODE: searchParams.get('sslmode') ?? '',
    PGSSLROOTCERT: searchParams.get('sslrootcert') ?? '',
    PGAPPNAME: 'ofitec backup',
    PGCONNECT_TIMEOUT: '10',
  };
  return {
    env: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== '')),
    secrets: [plain, password].filter((each) => each !== ''),
  };
}
