# What metafor says of effects over experiments: the mean, tau squared, intervals, and the shrunken effects.
# Debian: apt-get install r-cran-metafor r-cran-jsonlite.  Rscript pooled.R > pooled.json
suppressMessages({library(metafor); library(jsonlite)})

bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
cases <- list(
  bcg = list(y = as.vector(bcg$yi), v = as.vector(bcg$vi)), # 13 trials of Colditz et al. 1994, log risk ratios
  alike = list(y = c(0.9, 1.1, 1.0, 0.8, 1.3), v = c(0.25, 0.3, 0.16, 0.5, 0.2)), # tau squared at its boundary
  calls = list(y = c(1.2, -0.4, 2.9, 0.3, 1.8, 3.1, 0.1), v = c(0.31, 0.22, 0.9, 0.12, 0.45, 1.4, 0.08)),
  unequal = list(y = c(0.002, 0.031, -0.011, 0.018), v = c(4e-6, 9e-5, 2.5e-4, 1.6e-5)),
  two = list(y = c(0.5, 2.0), v = c(0.2, 0.3))
)

of <- function(case, method, test) {
  tight <- list(threshold = 1e-14, maxiter = 10000)
  fit <- if (method == "REML") rma(case$y, case$v, method = method, test = test, control = tight)
         else rma(case$y, case$v, method = method, test = test)
  ahead <- if (length(case$y) > 2) predict(fit, pi.type = "riley") else list(pi.lb = NA, pi.ub = NA)
  spread <- confint(fit, control = list(tol = 1e-14, maxiter = 10000, tau2.max = 1e6))$random["tau^2", ]
  shrunk <- blup(fit)
  list(
    mean = as.vector(fit$beta), standard_error = fit$se, low = fit$ci.lb, high = fit$ci.ub, p_value = fit$pval,
    tau_squared = fit$tau2, tau_squared_low = spread[["ci.lb"]], tau_squared_high = spread[["ci.ub"]],
    prediction_low = ahead$pi.lb, prediction_high = ahead$pi.ub, q = fit$QE, q_p_value = fit$QEp,
    i_squared = fit$I2 / 100, h_squared = fit$H2,
    shrunk = list(value = shrunk$pred, standard_error = shrunk$se, low = shrunk$pi.lb, high = shrunk$pi.ub)
  )
}

found <- lapply(cases, function(case) {
  c(case, list(reml = of(case, "REML", "knha"), reml_modified = of(case, "REML", "adhoc"), dersimonian_laird = of(case, "DL", "knha")))
})
cat(toJSON(found, auto_unbox = TRUE, digits = 14, na = "null", pretty = TRUE), "\n")
