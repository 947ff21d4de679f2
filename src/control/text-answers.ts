const TEXT = /^(?:\/metrics|\/v1\/bmcs\/[^/]+\/(?:sel\.txt|console\/history|report))(?:\?|$)/;

/**
 * Whether a route answers with a text: a client does without the declarations of routes, which are the
 * server's, and a test holds these against openapi.json.
 */
export const answersText = (path: string): boolean => TEXT.test(path);
