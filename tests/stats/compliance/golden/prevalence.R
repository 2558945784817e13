# What epiR says of the share that was said, from the share heard by a listener who errs (Rogan and Gladen).
# Debian: apt-get install r-cran-epir r-cran-jsonlite.  Rscript prevalence.R > prevalence.json
suppressMessages({library(epiR); library(jsonlite)})

cases <- list(
  mostly = list(heard = 80, listened = 100, sensitivity = 0.9, specificity = 0.95),
  seldom = list(heard = 12, listened = 150, sensitivity = 0.8, specificity = 0.97),
  half = list(heard = 41, listened = 90, sensitivity = 0.7, specificity = 0.75)
)
prevalence <- function(case) {
  found <- with(case, epi.prev(heard, listened, se = sensitivity, sp = specificity, method = "wilson", units = 1))$tp
  c(case, list(rate = found$est, low = found$lower, high = found$upper))
}
cat(toJSON(lapply(cases, prevalence), digits = I(15), auto_unbox = TRUE, pretty = TRUE), "\n")
