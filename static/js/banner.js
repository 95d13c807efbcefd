// The line that says that the model server is away: comes and goes by itself.

import { t } from "./texts.js";

export function startBanner(live) {
  const banner = document.querySelector("[data-banner]");
  live.addEventListener("situation", ({ detail }) => {
    const { model_server: state, pending_jobs: count } = detail;
    const text = state === "ready" ? "" : t(count > 0 ? `banner.${state}` : `banner.${state}_none`, { count });
    const line = banner.querySelector("[data-banner-text]");
    if (line.textContent !== text) {
      line.textContent = text; // only changes, as it is read aloud
    }
    banner.classList.toggle("banner--shown", text !== "");
  });
}
