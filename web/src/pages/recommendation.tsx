import CheckDetail from "../detail/check";
import type { Page } from "../frame/page";
import { useParams } from "../ui/url";

export const page: Page = {
  path: "/recommendation",
  title: "Recommendation",
};

export default function RecommendationAlone() {
  return <CheckDetail id={useParams().id ?? ""} alone />;
}
