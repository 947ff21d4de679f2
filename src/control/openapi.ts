import { z, type OpenAPIHono } from '@hono/zod-openapi';

export const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    key: z.string().optional(),
    nearest: z.string().optional(),
    next: z.string().optional(),
    problems: z.array(z.string()).optional(),
  })
  .openapi('Problem');

interface Documented {
  getOpenAPI31Document: OpenAPIHono['getOpenAPI31Document'];
}

/** The whole API as OpenAPI 3.1. */
export function openApi(app: Documented, version: string) {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'ipmi-bmc control API',
      version,
      description:
        "Steers BMCs while they run. On its Unix socket every right is the caller's; over TCP a bearer token says who calls.",
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{}, { token: [] }],
  });
  const components = {
    ...document.components,
    securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
  };
  return { ...document, components };
}
