import { defineProblem } from '#kernel';

export const UnknownPermission = defineProblem({
  code: 'auth.unknown-permission',
  status: 422,
  title: { es: 'No existe ese permiso', en: 'There is no such permission' },
});

export const UnknownSubjectType = defineProblem({
  code: 'auth.unknown-subject-type',
  status: 422,
  title: { es: 'No existe ese tipo de registro', en: 'There is no such kind of record' },
});
