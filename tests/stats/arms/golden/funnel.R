# What R says of the log ratios of step rates: metafor::escalc for independent calls, Poisson regression with
# sandwich::vcovCL for calls in units, Holm by stats::p.adjust.
# Debian: apt-get install r-cran-metafor r-cran-sandwich r-cran-jsonlite.  Rscript funnel.R > funnel.json
suppressMessages({library(metafor); library(sandwich); library(jsonlite)})

control <- c(4000, 2900, 811, 402, 97)
challenger <- c(3900, 2850, 905, 441, 121)
steps <- 2:5
found <- escalc("RR", ai = challenger[steps], n1i = challenger[steps - 1], ci = control[steps], n2i = control[steps - 1], add = 0)
total <- escalc("RR", ai = challenger[5], n1i = challenger[1], ci = control[5], n2i = control[1], add = 0)
p <- 2 * pnorm(-abs(found$yi / sqrt(found$vi)))

# Units: calls assigned, asked, accepted
a <- rbind(c(41, 30, 4), c(120, 77, 21), c(12, 12, 1), c(77, 41, 8), c(230, 160, 19), c(63, 50, 16))
b <- rbind(c(55, 46, 9), c(100, 81, 30), c(19, 9, 0), c(140, 88, 12), c(81, 70, 25))
log_rate <- function(units, step, before) {
  rows <- do.call(rbind, lapply(seq_len(nrow(units)), function(g) {
    data.frame(unit = g, y = rep(c(1, 0), c(units[g, step], units[g, before] - units[g, step])))
  }))
  fit <- glm(y ~ 1, poisson, rows)
  m <- nrow(units)
  c(coef(fit)[[1]], m / (m - 1) * vcovCL(fit, cluster = rows$unit, type = "HC0", cadjust = FALSE)[1, 1])
}
clustered <- lapply(list(c(2, 1), c(3, 2), c(3, 1)), function(s) {
  x <- log_rate(a, s[1], s[2])
  y <- log_rate(b, s[1], s[2])
  list(value = y[1] - x[1], standard_error = sqrt(x[2] + y[2]), df = (x[2] + y[2])^2 / (x[2]^2 / (nrow(a) - 1) + y[2]^2 / (nrow(b) - 1)))
})

cat(toJSON(list(
  control = control, challenger = challenger, values = as.numeric(found$yi), standard_errors = sqrt(found$vi),
  total = as.numeric(total$yi), total_standard_error = sqrt(total$vi), adjusted = p.adjust(p, "holm"),
  control_units = a, challenger_units = b, clustered = clustered
), auto_unbox = TRUE, digits = NA), "\n")
