import { defineProblem } from '#kernel';

export const LoginTaken = defineProblem({
  code: 'base.login-taken',
  status: 409,
  title: { es: 'Ese nombre de usuario ya existe', en: 'That login exists already' },
  constraints: ['base_user_login_key'],
});

export const LastAdmin = defineProblem({
  code: 'base.last-admin',
  status: 409,
  title: {
    es: 'Debe quedar al menos un administrador activo',
    en: 'At least one active administrator must remain',
  },
});

export const UnknownRole = defineProblem({
  code: 'base.unknown-role',
  status: 422,
  title: { es: 'No existe ese rol', en: 'There is no such role' },
});
