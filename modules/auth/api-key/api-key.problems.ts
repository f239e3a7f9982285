import { defineProblem } from '#kernel';

export const KeyOwnerNotBot = defineProblem({
  code: 'auth.key-owner-not-bot',
  status: 422,
  title: {
    es: 'Las claves de API son de usuarios bot activos',
    en: 'API keys belong to active bot users',
  },
});

/** `scopes` in the answer names those that were refused. */
export const ScopeRefused = defineProblem({
  code: 'auth.scope-refused',
  status: 422,
  title: {
    es: 'La clave no puede tener esos permisos',
    en: 'The key cannot have those permissions',
  },
});
