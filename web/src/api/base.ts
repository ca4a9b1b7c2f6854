// Where this organisation lies on its server: "" for the main one, /o/<id> for
// another. Pages and the API lie below it alike.
export const base = /^\/o\/[a-z0-9-]+(?=\/|$)/.exec(location.pathname)?.[0] ?? "";
