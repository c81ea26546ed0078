// Used by the local gateway to find the route for a request, by the precedence that an HTTP API has.
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';

/** What a Lambda behind an HTTP API may answer: a structured result, a plain text, or any JSON value (answered 200). */
export type HandlerResult = APIGatewayProxyStructuredResultV2 | string | undefined | void;
export type HttpHandler = (event: APIGatewayProxyEventV2, context: Context) => Promise<HandlerResult>;

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS' | 'ANY';
  /** As in API Gateway: `/api/leads/{leadId}`, or `/api/{proxy+}` for everything below. */
  path: string;
  /** The function's name, for its context and for the log. */
  name: string;
  handler: HttpHandler;
}

export interface Match {
  route: Route;
  /** `POST /enquire`, `ANY /api/{proxy+}`: as declared. */
  routeKey: string;
  /** Absent when the route has no variables. */
  pathParameters?: Record<string, string>;
}

const GREEDY = /^\{([^}]+)\+\}$/;
const VARIABLE = /^\{([^}+]+)\}$/;

/** The variables of `path` under `template`, or undefined when it does not fit. Segments are compared as decoded. */
const parameters = (template: string, path: string): Record<string, string> | undefined => {
  const wanted = template.split('/');
  const given = path.split('/');
  const found: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const greedy = GREEDY.exec(segment)?.[1];
    if (greedy !== undefined) {
      const rest = given.slice(index).join('/');
      return rest === '' ? undefined : { ...found, [greedy]: rest };
    }
    const here = given[index];
    if (here === undefined) return undefined;
    const variable = VARIABLE.exec(segment)?.[1];
    if (variable === undefined ? segment !== here : here === '') return undefined;
    if (variable !== undefined) found[variable] = here;
  }
  return wanted.length === given.length ? found : undefined;
};

/** Lower is more specific. API Gateway: a full match first, then a greedy one; a named method before ANY. */
const rank = (route: Route): string =>
  route.path.split('/').map((segment) => (GREEDY.test(segment) ? '2' : VARIABLE.test(segment) ? '1' : '0')).join('')
  + (route.method === 'ANY' ? '9' : '3');

/** Makes the lookup. Routes of the same rank keep the order in which they were given. */
export const router = (routes: readonly Route[]): ((method: string, path: string) => Match | undefined) => {
  const greedyLast = (route: Route) => (route.path.endsWith('+}') ? 1 : 0);
  const ordered = [...routes].sort((a, b) => greedyLast(a) - greedyLast(b) || rank(a).localeCompare(rank(b)));
  return (method, path) => {
    for (const route of ordered) {
      if (route.method !== method && route.method !== 'ANY') continue;
      const found = parameters(route.path, path);
      if (!found) continue;
      const match: Match = { route, routeKey: `${route.method} ${route.path}` };
      if (Object.keys(found).length > 0) match.pathParameters = found;
      return match;
    }
    return undefined;
  };
};
