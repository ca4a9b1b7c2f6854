import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { base } from "./api/base";
import { Frame } from "./frame/frame";
import { Lost } from "./frame/lost";
import { pages } from "./frame/page";
import { readParams, writeParams } from "./ui/url";

const modules = import.meta.glob<{ default: React.ComponentType }>("./pages/*.tsx");

const root = createRootRoute({ component: Frame, notFoundComponent: Lost });

const routes = pages.map(({ file, page }) => {
  const load = modules[file.replace("../", "./")]!;
  return createRoute({ getParentRoute: () => root, path: page.path, component: lazyRouteComponent(load) });
});

export const router = createRouter({
  routeTree: root.addChildren(routes),
  parseSearch: (text) => readParams(text),
  stringifySearch: (params) => writeParams(params),
  basepath: base || "/",
  defaultPreload: "intent",
  scrollRestoration: true,
});
