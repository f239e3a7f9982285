import { defineProblem } from '#kernel';

export const SlugTaken = defineProblem({
  code: 'security-csp.slug-taken',
  status: 409,
  title: { es: 'Otra aplicación ya usa ese nombre', en: 'Another app has that slug' },
  constraints: ['security_csp_app_slug_key'],
});

export const TooManyApps = defineProblem({
  code: 'security-csp.too-many-apps',
  status: 409,
  title: { es: 'La empresa ya tiene 100 aplicaciones', en: 'The company has 100 apps already' },
});

export const HostRefused = defineProblem({
  code: 'security-csp.host-refused',
  status: 422,
  title: {
    es: 'Un anfitrión se escribe app.example, *.app.example, con o sin puerto, o *',
    en: 'A host is written app.example, *.app.example, with or without a port, or *',
  },
});
