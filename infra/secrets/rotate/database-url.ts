const LOGIN = /^(postgres(?:ql)?:\/\/)([^:@/]+)(?::([^@/]*))?@(.+)$/;

/** The user of a URL, which may name several servers. @throws Error that does not show it */
export function userOf(url: string): string {
  const [, , user] = LOGIN.exec(url) ?? [];
  if (user === undefined) throw new Error('The database’s URL names no user.');
  return decodeURIComponent(user);
}

/** The same place with another login. */
export function withLogin(url: string, user: string, password: string): string {
  const [, scheme, , , place] = LOGIN.exec(url) ?? [];
  if (scheme === undefined) throw new Error('The database’s URL names no user.');
  return `${scheme}${encodeURIComponent(user)}:${encodeURIComponent(password)}@${place}`;
}
